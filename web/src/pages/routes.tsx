import { useLocation } from "../routing/use-location.ts";
import { AccountPage } from "./account-page.tsx";
import { CheckoutPage } from "./checkout-page.tsx";
import { HomePage } from "./home-page.tsx";
import { NotFoundPage } from "./not-found-page.tsx";
import { ReturnPage } from "./return-page.tsx";
import { SignInPage } from "./sign-in-page.tsx";
import { SignUpPage } from "./sign-up-page.tsx";

/** Picks the page for the address. */
export function Routes() {
  const { path } = useLocation();
  switch (path) {
    case "/":
      return <HomePage />;
    case "/sign-in":
      return <SignInPage />;
    case "/sign-up":
      return <SignUpPage />;
    case "/checkout":
      return <CheckoutPage />;
    case "/return":
      return <ReturnPage />;
    case "/account":
      return <AccountPage />;
    default:
      return <NotFoundPage />;
  }
}
