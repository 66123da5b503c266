import { SessionProvider } from "../auth/session-context.tsx";
import { Routes } from "../pages/routes.tsx";
import { useLocation } from "../routing/use-location.ts";
import { ErrorBoundary } from "./error-boundary.tsx";
import { Footer } from "./footer.tsx";
import { Header } from "./header.tsx";
import { useArrival } from "./use-arrival.ts";

/** The shop: header, the page, footer. */
export function App() {
  const { path } = useLocation();
  useArrival();
  return (
    <SessionProvider>
      <a className="skip-link" href="#main">Skip to content</a>
      <Header />
      <main id="main" tabIndex={-1}>
        <ErrorBoundary key={path}>
          <Routes />
        </ErrorBoundary>
      </main>
      <Footer />
    </SessionProvider>
  );
}
