import { type Html, html } from "./html.ts";

/** The card fields, named as on Stripe's hosted page. */
export function cardFields(): Html {
  return html`
    <div class="field">
      <label for="cardNumber">Card number</label>
      <input id="cardNumber" name="cardNumber" inputmode="numeric" autocomplete="cc-number"
        placeholder="4242 4242 4242 4242" maxlength="24" required>
    </div>
    <div class="pair">
      <div class="field">
        <label for="cardExpiry">Expiry (MM / YY)</label>
        <input id="cardExpiry" name="cardExpiry" inputmode="numeric" autocomplete="cc-exp"
          placeholder="12 / 34" maxlength="9" required>
      </div>
      <div class="field">
        <label for="cardCvc">CVC</label>
        <input id="cardCvc" name="cardCvc" inputmode="numeric" autocomplete="cc-csc" placeholder="123"
          maxlength="4" required>
      </div>
    </div>
  `;
}

const cards: [string, string][] = [
  ["4242 4242 4242 4242", "succeeds"],
  ["4000 0000 0000 0002", "is declined"],
  ["4000 0000 0000 9995", "has insufficient funds"],
  ["4000 0000 0000 3220", "asks for 3-D Secure"],
  ["4000 0000 0000 0341", "can be saved but not charged"],
  ["4000 0000 0000 0259", "is disputed afterwards"],
];

/** A reminder of the test cards that people need most. */
export function testCardHelp(): Html {
  return html`
    <details>
      <summary>Test cards</summary>
      <p class="soft">Any future expiry and any CVC.</p>
      <ul>${cards.map(([number, effect]) => html`<li><code>${number}</code> ${effect}</li>`)}</ul>
    </details>
  `;
}

const countries: [string, string][] = [
  ["US", "United States"],
  ["AU", "Australia"],
  ["AT", "Austria"],
  ["BE", "Belgium"],
  ["BR", "Brazil"],
  ["CA", "Canada"],
  ["DK", "Denmark"],
  ["FI", "Finland"],
  ["FR", "France"],
  ["DE", "Germany"],
  ["IN", "India"],
  ["IE", "Ireland"],
  ["IT", "Italy"],
  ["JP", "Japan"],
  ["NL", "Netherlands"],
  ["NO", "Norway"],
  ["PL", "Poland"],
  ["PT", "Portugal"],
  ["ES", "Spain"],
  ["SE", "Sweden"],
  ["CH", "Switzerland"],
  ["GB", "United Kingdom"],
];

/** The options of the country field. */
export function countryOptions(selected: string): Html[] {
  return countries.map(([code, name]) =>
    code === selected
      ? html`<option value="${code}" selected>${name}</option>`
      : html`<option value="${code}">${name}</option>`
  );
}
