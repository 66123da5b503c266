import { useEffect } from "react";
import { ExampleStatus } from "../content/example-status.tsx";
import { Plans } from "../catalogue/plans.tsx";
import { Link } from "../routing/link.tsx";

/** The landing page: what it is, why, and what it costs. */
export function HomePage() {
  useEffect(() => {
    document.title = "Tidepost · Status pages your customers believe";
  }, []);
  return (
    <>
      <section className="hero">
        <div className="hero-words">
          <p className="eyebrow">Status pages for small teams</p>
          <h1>When things break, say so.</h1>
          <p className="lead">
            Tidepost watches your services, tells your customers the truth in plain words, and keeps
            the record. Set up before lunch, trusted by dinner.
          </p>
          <p className="hero-actions">
            <Link className="button button-primary" to="/#plans">See plans</Link>
            <span className="hero-note">Monthly or yearly. Cancel any time.</span>
          </p>
        </div>
        <ExampleStatus />
      </section>
      <Reasons />
      <Plans />
    </>
  );
}

const reasons = [
  {
    title: "Truth, automatically",
    text:
      "Monitors flip the page by themselves. Nobody has to find the courage at three in the morning.",
  },
  {
    title: "Words, not jargon",
    text:
      "Incident templates written by editors: what happened, who is affected, what you do next.",
  },
  {
    title: "A record that stays",
    text:
      "Ninety days of history anyone can check. Customers forgive outages; they remember silence.",
  },
];

function Reasons() {
  return (
    <section className="reasons" aria-label="Why Tidepost">
      {reasons.map((reason) => (
        <div key={reason.title} className="reason">
          <h2>{reason.title}</h2>
          <p>{reason.text}</p>
        </div>
      ))}
    </section>
  );
}
