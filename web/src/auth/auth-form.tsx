import { type FormEvent, useEffect, useRef, useState } from "react";
import { useSingleFlight } from "../ui/use-single-flight.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { Notice } from "../ui/notice.tsx";
import { checkCredentials, type CredentialErrors } from "./check-credentials.ts";

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

interface AuthFormProps {
  readonly action: "sign_in" | "sign_up";
  readonly submitLabel: string;
  /** Resolves to what went wrong, in words, or to nothing. */
  readonly onSubmit: (credentials: Credentials) => Promise<string | undefined>;
}

/** E-mail and password, for signing in and for signing up. */
export function AuthForm({ action, submitLabel, onSubmit }: AuthFormProps) {
  const [errors, setErrors] = useState<CredentialErrors>({});
  const [refusal, setRefusal] = useState<string>();
  const form = useRef<HTMLFormElement>(null);
  const { busy, run } = useSingleFlight(async (credentials: Credentials) => {
    setRefusal(undefined);
    setRefusal(await onSubmit(credentials));
    return "done" as const;
  });

  useEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid='true']")?.focus();
  }, [errors]);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const credentials = readForm(event.currentTarget);
    const found = checkCredentials(credentials, action);
    setErrors(found);
    if (found.email === undefined && found.password === undefined) run(credentials);
  };

  return (
    <form ref={form} className="form" onSubmit={submit} noValidate>
      {refusal !== undefined && <Notice tone="bad" role="alert" title={refusal} />}
      <Field
        label="E-mail"
        name="email"
        type="email"
        autoComplete="email"
        inputMode="email"
        required
        error={errors.email}
      />
      <PasswordField action={action} error={errors.password} />
      <Button type="submit" wide busy={busy}>{submitLabel}</Button>
    </form>
  );
}

interface PasswordFieldProps {
  readonly action: AuthFormProps["action"];
  readonly error: string | undefined;
}

function PasswordField({ action, error }: PasswordFieldProps) {
  const [visible, setVisible] = useState(false);
  return (
    <div className="password">
      <Field
        label="Password"
        name="password"
        type={visible ? "text" : "password"}
        autoComplete={action === "sign_in" ? "current-password" : "new-password"}
        required
        error={error}
        {...(action === "sign_up" ? { hint: "At least 8 characters. A sentence works well." } : {})}
      />
      <button
        type="button"
        className="password-toggle"
        aria-pressed={visible}
        aria-label="Show password"
        onClick={() => setVisible(!visible)}
      >
        {visible ? "Hide" : "Show"}
      </button>
    </div>
  );
}

function readForm(form: HTMLFormElement): Credentials {
  const data = new FormData(form);
  const text = (name: string) => {
    const value = data.get(name);
    return typeof value === "string" ? value : "";
  };
  return { email: text("email").trim(), password: text("password") };
}
