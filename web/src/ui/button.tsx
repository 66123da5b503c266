import type { ButtonHTMLAttributes, ReactNode } from "react";

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "disabled"> {
  readonly children: ReactNode;
  readonly look?: "primary" | "secondary" | "quiet";
  readonly wide?: boolean;
  /** Shows that the click is being worked on; further clicks do nothing. */
  readonly busy?: boolean;
  /** Not to be used yet; it stays where it is and can be reached. */
  readonly held?: boolean;
}

/**
 * A button. While busy or held it stays focusable (`aria-disabled`, not `disabled`), so that keyboard and
 * screen-reader users are not thrown back to the top of the page.
 */
export function Button(
  {
    children,
    look = "primary",
    wide = false,
    busy = false,
    held = false,
    type = "button",
    onClick,
    ...rest
  }: ButtonProps,
) {
  return (
    <button
      {...rest}
      type={type}
      className={`button button-${look}${wide ? " button-wide" : ""}`}
      aria-disabled={busy || held}
      aria-busy={busy}
      onClick={(event) => {
        if (busy || held) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {busy && <span className="spinner" aria-hidden="true" />}
      <span>{children}</span>
    </button>
  );
}
