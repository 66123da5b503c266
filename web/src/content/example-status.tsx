interface ExampleService {
  readonly name: string;
  readonly uptime: string;
  /** Days of the last forty-five that were not quiet: index → how bad. */
  readonly troubles: ReadonlyMap<number, "minor" | "major">;
}

const services: readonly ExampleService[] = [
  { name: "API", uptime: "99.98 %", troubles: new Map([[17, "minor"]]) },
  { name: "Dashboard", uptime: "100 %", troubles: new Map() },
  { name: "Webhooks", uptime: "99.91 %", troubles: new Map([[8, "minor"], [31, "major"]]) },
];

const days = Array.from({ length: 45 }, (_, index) => index);

/** A picture of the product, drawn with the page: what a Tidepost page looks like. */
export function ExampleStatus() {
  return (
    <figure className="example">
      <div className="example-top">
        <span className="example-lamp" aria-hidden="true" />
        <div>
          <p className="example-title">All systems calm</p>
          <p className="example-sub">northwind.status, checked 12 seconds ago</p>
        </div>
      </div>
      {services.map((service) => <ServiceRow key={service.name} service={service} />)}
      <figcaption className="visually-hidden">
        An example status page: three services with their last forty-five days.
      </figcaption>
    </figure>
  );
}

function ServiceRow({ service }: { readonly service: ExampleService }) {
  return (
    <div className="example-row">
      <div className="example-name">
        <span>{service.name}</span>
        <span className="example-uptime">{service.uptime}</span>
      </div>
      <svg
        className="example-bars"
        viewBox="0 0 270 28"
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {days.map((day) => (
          <rect
            key={day}
            className={`bar bar-${service.troubles.get(day) ?? "calm"}`}
            x={day * 6}
            y="0"
            width="4"
            height="28"
            rx="1.500"
          />
        ))}
      </svg>
    </div>
  );
}
