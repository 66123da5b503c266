import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ClientProvider } from "./api/client-context.ts";
import { createShopClient } from "./api/create-shop-client.ts";
import { App } from "./layout/app.tsx";
import { RefusalPage } from "./pages/refusal-page.tsx";
import { readSettings } from "./settings/read-settings.ts";
import "./styles/index.css";

const root = document.getElementById("root");
if (root === null) throw new Error("found no root element");

const reading = readSettings({
  VITE_SUPABASE_URL: import.meta.env.VITE_SUPABASE_URL,
  VITE_SUPABASE_PUBLISHABLE_KEY: import.meta.env.VITE_SUPABASE_PUBLISHABLE_KEY,
});

createRoot(root).render(
  <StrictMode>
    {reading.ok
      ? (
        <ClientProvider value={createShopClient(reading.settings)}>
          <App />
        </ClientProvider>
      )
      : <RefusalPage faults={reading.faults} />}
  </StrictMode>,
);
