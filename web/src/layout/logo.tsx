/** The shop's mark. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect className="logo-ground" width="32" height="32" rx="8" />
      <path
        className="logo-wave"
        d="M5 20c3.700 0 3.700-3 7.300-3s3.700 3 7.400 3 3.600-3 7.300-3"
      />
      <path className="logo-post" d="M16 12.500V6" />
      <circle className="logo-lamp" cx="16" cy="6" r="2.200" />
    </svg>
  );
}
