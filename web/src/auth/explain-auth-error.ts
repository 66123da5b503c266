/** What an error of Supabase Auth has to say, as far as it is used here. */
export interface AuthFault {
  readonly code?: string | undefined;
  readonly status?: number | undefined;
}

const byCode: Readonly<Record<string, string>> = {
  invalid_credentials: "That e-mail and password do not match. Check both and try again.",
  email_not_confirmed: "Confirm your e-mail first: open the link we sent you.",
  user_already_exists: "There is an account with this e-mail already. Sign in instead.",
  email_exists: "There is an account with this e-mail already. Sign in instead.",
  weak_password: "That password is too easy to guess. Use a longer one.",
  email_address_invalid: "That e-mail address does not look right.",
  signup_disabled: "New accounts are closed at the moment.",
  user_banned: "This account is blocked. Write to us if you think this is a mistake.",
};

/** Puts a sign-in or sign-up error into words, without saying more than Auth did. */
export function explainAuthError(fault: AuthFault): string {
  const known = byCode[fault.code ?? ""];
  if (known !== undefined) return known;
  if (fault.status === undefined || fault.status === 0) {
    return "We could not reach the sign-in service. Check your connection and try again.";
  }
  if (fault.status === 429) return "Too many attempts. Wait a minute and try again.";
  if (fault.status >= 500) return "Signing in is not working right now. Try again in a minute.";
  return fault.status === 400
    ? "That e-mail and password do not match. Check both and try again."
    : "That did not work. Check your e-mail and password and try again.";
}
