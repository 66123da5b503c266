import { createRoot } from "react-dom/client";
import { ClientProvider } from "../api/client-context.ts";
import { SessionProvider } from "../auth/session-context.tsx";
import { RefusalPage } from "../pages/refusal-page.tsx";
import { readSettings } from "../settings/read-settings.ts";
import { createConsoleClient } from "./api/create-console-client.ts";
import { Console } from "./layout/console.tsx";
import "./styles/index.css";

const root = document.getElementById("root");
if (root === null) throw new Error("found no root element");

const reading = readSettings({
  VITE_SUPABASE_URL: import.meta.env.VITE_SUPABASE_URL,
  VITE_SUPABASE_PUBLISHABLE_KEY: import.meta.env.VITE_SUPABASE_PUBLISHABLE_KEY,
});

// Not in StrictMode: in development that runs every effect twice, and here an effect is a look that the audit
// trail records.
createRoot(root).render(
  reading.ok
    ? (
      <ClientProvider value={createConsoleClient(reading.settings)}>
        <SessionProvider>
          <Console />
        </SessionProvider>
      </ClientProvider>
    )
    : <RefusalPage faults={reading.faults} />,
);
