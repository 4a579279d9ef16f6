import { Component, type ReactNode } from "react";

/** Shows what failed instead of an empty page. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className="fg-notice fg-notice-bad" role="alert">
        <strong>This page failed.</strong> {error.message}
        <button type="button" className="fg-button" onClick={() => window.location.reload()}>
          Load it again
        </button>
      </div>
    );
  }
}
