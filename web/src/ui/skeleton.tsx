/** Grey lines where something is about to be; says once what is being loaded. */
export function Skeleton(
  { label, lines = 3 }: { readonly label: string; readonly lines?: number },
) {
  return (
    <div className="skeleton" role="status">
      <span className="visually-hidden">{label}</span>
      {Array.from(
        { length: lines },
        (_, index) => <span key={index} className="skeleton-line" aria-hidden="true" />,
      )}
    </div>
  );
}
