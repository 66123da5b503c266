import { useClient } from "../api/client-context.ts";
import { AuthForm, type Credentials } from "../auth/auth-form.tsx";
import { explainAuthError } from "../auth/explain-auth-error.ts";
import { useLeaveWhenSignedIn } from "../auth/use-leave-when-signed-in.ts";
import { useNextPath } from "../auth/use-next-path.ts";
import { Link } from "../routing/link.tsx";
import { Page } from "../ui/page.tsx";

/** For people who have an account. */
export function SignInPage() {
  const client = useClient();
  const { next, query } = useNextPath();
  useLeaveWhenSignedIn(next);

  const signIn = async (credentials: Credentials) => {
    const { error } = await client.auth.signInWithPassword({ ...credentials });
    return error === null ? undefined : explainAuthError(error);
  };

  return (
    <Page title="Sign in">
      <div className="card card-form">
        <h1>Welcome back</h1>
        <AuthForm action="sign_in" submitLabel="Sign in" onSubmit={signIn} />
        <p className="form-switch">
          New here? <Link to={`/sign-up${query}`}>Create an account</Link>
        </p>
      </div>
    </Page>
  );
}
