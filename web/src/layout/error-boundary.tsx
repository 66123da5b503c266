import { Component, type ReactNode } from "react";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";

interface ErrorBoundaryProps {
  readonly children: ReactNode;
}

/** The last resort: a page that broke while drawing says so instead of going blank. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <div className="page page-narrow">
        <Notice tone="bad" role="alert" title="This page broke">
          <p>Nothing you bought is affected. Reload the page to go on.</p>
          <Button look="secondary" onClick={() => globalThis.location.reload()}>Reload</Button>
        </Notice>
      </div>
    );
  }
}
