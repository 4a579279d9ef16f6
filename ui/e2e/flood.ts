//! A server in front of the program that floods the live tail.

import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

interface Running {
  url: string;
  stop: () => Promise<void>;
}

/** Passes everything on to the program but its live tail, which sends so many rows a second. */
export async function flood(app: string, perSecond: number): Promise<Running> {
  const target = new URL(app);
  const server = createServer((incoming, outgoing) => {
    if (incoming.url?.startsWith("/api/v1/tail")) {
      outgoing.writeHead(200, { "content-type": "text/event-stream" });
      outgoing.write('event: start\ndata: {"lake_version":1}\nid: 1\n\n');
      let index = 0;
      const timer = setInterval(() => {
        const rows = Array.from({ length: perSecond / 10 }, () => {
          index += 1;
          const row = {
            id: `f-${index}`,
            time: new Date().toISOString(),
            action: index % 3 ? "rejected" : "accepted",
            initiator_ip: `192.0.2.${index % 250}`,
            target_ip: "10.240.0.4",
            target_port: index % 1024,
          };
          return `event: row\ndata: ${JSON.stringify(row)}\n\n`;
        });
        const commit = `event: commit\ndata: {"rows":${rows.length},"skipped":0}\nid: 1\n\n`;
        outgoing.write(rows.join("") + commit);
      }, 100);
      incoming.on("close", () => clearInterval(timer));
      return;
    }
    const headers = { ...incoming.headers, host: target.host };
    delete headers.origin;
    const passed = request(
      { host: target.hostname, port: target.port, path: incoming.url, method: incoming.method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    passed.on("error", () => outgoing.destroy());
    outgoing.on("close", () => passed.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
