import { useEffect } from "react";
import { useClient } from "../../api/client-context.ts";
import { AuthForm, type Credentials } from "../../auth/auth-form.tsx";
import { explainAuthError } from "../../auth/explain-auth-error.ts";
import { Logo } from "../../layout/logo.tsx";
import { Notice } from "../../ui/notice.tsx";

/** The door: the same accounts as the shop's; the role is looked up afterwards. */
export function SignIn({ ended = false }: { readonly ended?: boolean }) {
  const client = useClient();
  useEffect(() => {
    document.title = "Sign in · Payments console";
  }, []);
  const signIn = async (credentials: Credentials) => {
    // the server no longer knows the old session: forget it, or nothing would seem to happen
    if (ended) await client.auth.signOut({ scope: "local" });
    const { error } = await client.auth.signInWithPassword({ ...credentials });
    return error === null ? undefined : explainAuthError(error);
  };
  return (
    <main className="door">
      <div className="door-card">
        <p className="door-brand">
          <Logo /> <span>Payments console</span>
        </p>
        <h1>Sign in</h1>
        <p className="fine">For people with a role. What you look at and do is recorded.</p>
        {ended && (
          <Notice tone="attention" role="status" title="Your session has ended">
            <p>Sign in again to go on.</p>
          </Notice>
        )}
        <AuthForm action="sign_in" submitLabel="Sign in" onSubmit={signIn} />
      </div>
    </main>
  );
}
