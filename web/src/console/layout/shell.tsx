import { type ReactNode, useEffect, useRef, useState } from "react";
import { useClient } from "../../api/client-context.ts";
import { Logo } from "../../layout/logo.tsx";
import { Button } from "../../ui/button.tsx";
import { hrefOf, useRoute } from "../routing/use-route.ts";
import { useStaff } from "../staff/staff-context.ts";
import { useWork } from "../staff/work-context.ts";
import { SECTION_GROUPS } from "./sections.ts";

/** The frame of every page: the menu, who is here and why, and the page. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const { page, id } = useRoute();
  const main = useRef<HTMLElement>(null);
  const arrived = useRef(false);
  // as a browser does for a load: to the top, and the focus with it
  useEffect(() => {
    if (arrived.current) {
      globalThis.scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
    arrived.current = true;
  }, [page, id]);
  return (
    <div className="shell">
      <a className="skip-link" href="#main" onClick={(event) => skip(event, main.current)}>
        Skip to content
      </a>
      <Sidebar page={page} />
      <main
        id="main"
        tabIndex={-1}
        ref={main}
        data-route={id === undefined ? page : `${page}/${id}`}
      >
        {children}
      </main>
    </div>
  );
}

/** The fragment is the route, so the skip link moves the focus itself. */
function skip(event: { preventDefault: () => void }, main: HTMLElement | null): void {
  event.preventDefault();
  main?.focus();
}

function Sidebar({ page }: { readonly page: string }) {
  const { may } = useStaff();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [page]);
  return (
    <header className={`sidebar${open ? " sidebar-open" : ""}`}>
      <div className="sidebar-top">
        <a className="sidebar-brand" href={hrefOf("overview")}>
          <Logo /> <span>Payments</span>
        </a>
        <button
          type="button"
          className="sidebar-toggle"
          aria-expanded={open}
          aria-controls="menu"
          onClick={() => setOpen(!open)}
        >
          Menu
        </button>
      </div>
      <div className="sidebar-body" id="menu">
        <nav className="menu" aria-label="Console">
          {SECTION_GROUPS.map(({ title, sections }) => {
            const shown = sections.filter(({ permission }) => may(permission));
            return shown.length === 0 ? null : (
              <div key={title} className="menu-group">
                <p className="menu-title">{title}</p>
                <ul>
                  {shown.map((section) => (
                    <li key={section.page}>
                      <a
                        href={hrefOf(section.page)}
                        aria-current={section.page === page ? "page" : undefined}
                      >
                        {section.title}
                      </a>
                    </li>
                  ))}
                </ul>
              </div>
            );
          })}
        </nav>
        <Person />
      </div>
    </header>
  );
}

function Person() {
  const client = useClient();
  const { email, roles } = useStaff();
  const { reason, setReason } = useWork();
  return (
    <div className="person">
      {reason !== "" && (
        <div className="person-work">
          <p className="menu-title">Working on</p>
          <p>{reason}</p>
          <button type="button" className="link" onClick={() => setReason("")}>Change</button>
        </div>
      )}
      <p className="person-email">{email}</p>
      <p className="fine">{roles.join(", ")}</p>
      <Button look="quiet" onClick={() => void client.auth.signOut({ scope: "local" })}>
        Sign out
      </Button>
    </div>
  );
}
