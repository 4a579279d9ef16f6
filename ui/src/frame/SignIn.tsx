import { Button, PasswordInput } from "@carbon/react";
import { type SyntheticEvent, useState } from "react";

import { noteAuthorized } from "../api/auth";
import { request } from "../api/client";
import { Problem } from "../api/problem";
import { queryClient } from "../api/query";

/** Asks for the server's token. It is kept for this tab only. */
export function SignIn() {
  const [token, setToken] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await request("/api/v1/lake/version", { headers: { authorization: `Bearer ${token.trim()}` } });
      noteAuthorized(token.trim());
      await queryClient.resetQueries();
    } catch (error) {
      const refused = error instanceof Problem && error.needsToken;
      setWrong(refused ? "The server does not know this token" : error instanceof Error ? error.message : "Failed");
      setBusy(false);
    }
  };

  return (
    <form className="fg-sign-in" onSubmit={(event) => void submit(event)}>
      <h1>This server asks for a token</h1>
      <p>
        It is the one the server was started with: <code>FLOWGLASS_TOKEN</code>, or the file named by{" "}
        <code>--token-file</code>. It is kept until this tab is closed.
      </p>
      <PasswordInput
        id="token"
        labelText="Token"
        size="md"
        autoComplete="off"
        value={token}
        onChange={(event) => setToken(event.target.value)}
        invalid={wrong !== null}
        invalidText={wrong ?? ""}
        autoFocus
      />
      <Button type="submit" size="md" disabled={busy || token.trim() === ""}>
        Sign in
      </Button>
    </form>
  );
}
