import { Link } from "../routing/link.tsx";
import { Page } from "../ui/page.tsx";

/** For an address the shop does not have. */
export function NotFoundPage() {
  return (
    <Page title="Page not found">
      <h1>There is nothing here</h1>
      <p className="lead">The page may have moved, or the address has a slip in it.</p>
      <p>
        <Link className="button button-primary" to="/">Go to the start</Link>
      </p>
    </Page>
  );
}
