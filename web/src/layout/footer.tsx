/** The line at the bottom. */
export function Footer() {
  return (
    <footer className="footer">
      <div className="footer-inner">
        <p>
          <strong>Tidepost</strong>{" "}
          is a made-up product. It sells nothing; it shows how a real shop would.
        </p>
        <p>
          You pay on Stripe’s own page. Your card never passes through this site.
        </p>
      </div>
    </footer>
  );
}
