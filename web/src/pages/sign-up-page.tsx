import { useState } from "react";
import { useClient } from "../api/client-context.ts";
import { AuthForm, type Credentials } from "../auth/auth-form.tsx";
import { explainAuthError } from "../auth/explain-auth-error.ts";
import { useLeaveWhenSignedIn } from "../auth/use-leave-when-signed-in.ts";
import { useNextPath } from "../auth/use-next-path.ts";
import { Link } from "../routing/link.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page } from "../ui/page.tsx";

/** For new people. Where e-mails must be confirmed, it says to look in the inbox. */
export function SignUpPage() {
  const client = useClient();
  const { next, query } = useNextPath();
  const [confirming, setConfirming] = useState(false);
  useLeaveWhenSignedIn(next);

  const signUp = async (credentials: Credentials) => {
    const { data, error } = await client.auth.signUp({ ...credentials });
    if (error !== null) return explainAuthError(error);
    setConfirming(data.session === null);
    return undefined;
  };

  return (
    <Page title="Create your account">
      <div className="card card-form">
        <h1>Create your account</h1>
        {confirming
          ? (
            <Notice tone="good" role="status" title="Look in your inbox">
              <p>We sent you a link. Open it to confirm your e-mail, then sign in.</p>
            </Notice>
          )
          : <AuthForm action="sign_up" submitLabel="Create account" onSubmit={signUp} />}
        <p className="form-switch">
          Have an account? <Link to={`/sign-in${query}`}>Sign in</Link>
        </p>
      </div>
    </Page>
  );
}
