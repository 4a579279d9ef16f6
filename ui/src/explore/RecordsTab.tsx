import { useFields } from "../api/fields";
import { Waiting } from "../parts/Waiting";
import { useParam } from "../state/url";
import { Follow } from "./Follow";
import { Records } from "./Records";
import type { TabProps } from "./tabs";

/** The records, or the live tail while it follows. */
export function RecordsTab({ scope, zone }: TabProps) {
  const fields = useFields();
  const live = useParam("live") !== null;
  if (fields.length === 0) return <Waiting what="the fields" />;
  return live ? (
    <Follow query={scope.query} zone={zone} fields={fields} />
  ) : (
    <Records scope={scope} zone={zone} fields={fields} />
  );
}
