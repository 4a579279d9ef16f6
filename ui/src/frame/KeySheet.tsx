import { Dialog } from "../parts/Dialog";
import { useBindings } from "../state/keys";

/** The list of keys, as registered now. */
export function KeySheet({ onClose }: { onClose: () => void }) {
  const bindings = useBindings();
  const sections = [...new Set(bindings.map(({ section }) => section))];
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div className="fg-keys">
        {sections.map((section) => (
          <section key={section}>
            <h3>{section}</h3>
            <dl>
              {bindings
                .filter((binding) => binding.section === section)
                .map(({ keys, does }) => (
                  <div key={keys}>
                    <dt>
                      {keys.split(" ").map((key, index) => (
                        <kbd key={index}>{key}</kbd>
                      ))}
                    </dt>
                    <dd>{does}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
