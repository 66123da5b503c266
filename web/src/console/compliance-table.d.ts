/** Written by web/build/compliance-table.ts. */
declare module "virtual:compliance-table" {
  export interface ComplianceRow {
    readonly id: string;
    readonly must: string;
    readonly kind: "code" | "platform" | "people";
    readonly page: string | null;
    readonly tests: number;
    readonly mutations: number;
    readonly records: readonly {
      readonly what: string;
      readonly status: "open" | "done";
      readonly expiresOn: string;
    }[];
    readonly problems: readonly string[];
  }
  const table: {
    readonly builtAt: string;
    readonly commit: string | null;
    readonly run: {
      readonly startedAt: string;
      readonly passed: number;
      readonly failed: number;
    } | null;
    readonly findings: readonly string[];
    readonly rows: readonly ComplianceRow[];
  };
  export default table;
}
