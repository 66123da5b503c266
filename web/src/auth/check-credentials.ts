/** What is wrong with what was typed, one sentence a field. */
export interface CredentialErrors {
  readonly email?: string;
  readonly password?: string;
}

const shortestPassword = 8;

/** Checks what can be known before asking the server; the server decides. */
export function checkCredentials(
  credentials: { readonly email: string; readonly password: string },
  action: "sign_in" | "sign_up",
): CredentialErrors {
  return {
    ...(/^[^\s@]+@[^\s@]+$/.test(credentials.email)
      ? {}
      : { email: "Enter an e-mail address, like you@example.com." }),
    ...passwordError(credentials.password, action),
  };
}

function passwordError(password: string, action: "sign_in" | "sign_up"): CredentialErrors {
  if (password === "") return { password: "Enter your password." };
  return action === "sign_up" && password.length < shortestPassword
    ? { password: `Use at least ${shortestPassword} characters.` }
    : {};
}
