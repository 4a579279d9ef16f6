import "./style/index.scss";
import "./state/settings";

import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { askAhead, queryClient } from "./api/query";
import { Frame } from "./frame/Frame";

askAhead("/api/v1/lake", {});
askAhead("/api/v1/fields", {});

const root = document.getElementById("root");
if (!root) throw new Error("the page has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Frame />
    </QueryClientProvider>
  </StrictMode>,
);
