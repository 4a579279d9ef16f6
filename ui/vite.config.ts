import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the API. */
const api = process.env.FLOWGLASS_API ?? "http://127.0.0.1:7420";

export default defineConfig({
  plugins: [
    react(),
    {
      // The page that nearly everybody opens first is fetched along with the frame, not after it, with all it needs.
      name: "preload-explore",
      transformIndexHtml: {
        order: "post",
        handler: (html, { bundle }) => {
          const chunks = Object.values(bundle ?? {}).filter((file) => file.type === "chunk");
          const wanted = new Set<string>();
          const want = (fileName: string) => {
            if (wanted.has(fileName)) return;
            wanted.add(fileName);
            chunks.find((chunk) => chunk.fileName === fileName)?.imports.forEach(want);
          };
          for (const { name, fileName } of chunks) if (name === "Explore") want(fileName);
          return [...wanted]
            .filter((fileName) => !html.includes(fileName))
            .map((fileName) => ({
              tag: "link",
              attrs: { rel: "modulepreload", href: `/${fileName}` },
              injectTo: "head" as const,
            }));
        },
      },
    },
  ],
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    sourcemap: false,
  },
  css: { preprocessorOptions: { scss: { quietDeps: true } } },
  server: {
    proxy: {
      "/api": {
        target: api,
        changeOrigin: true,
        // The server refuses pages of other origins, which the development server is.
        configure: (proxy) => {
          proxy.on("proxyReq", (request) => request.removeHeader("origin"));
        },
      },
    },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test/setup.ts"],
    restoreMocks: true,
  },
});
