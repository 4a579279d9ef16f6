//! The query editor: one line of CodeMirror whose colours, errors and proposals come from the server, so that there is one
//! implementation of the language.

import {
  type Completion,
  type CompletionContext,
  type CompletionResult,
  acceptCompletion,
  autocompletion,
  closeCompletion,
  completionKeymap,
  completionStatus,
  startCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { EditorState, type Extension, Prec, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, keymap, placeholder } from "@codemirror/view";

import { ask } from "../api/client";
import type { ExplainAnswer } from "../api/types";
import { short } from "../format/number";
import { plain } from "../parts/value";
import { byteOffsets, bytesBefore } from "./text";
import { quoted } from "./terms";

const setPieces = StateEffect.define<DecorationSet>();

const pieces = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (old, transaction) => {
    let next = old.map(transaction.changes);
    for (const effect of transaction.effects) if (effect.is(setPieces)) next = effect.value;
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Colours the text as the server reads it, and underlines what it does not understand. */
export function showExplanation(view: EditorView, text: string, answer: ExplainAnswer): void {
  if (view.state.doc.toString() !== text) return;
  const offset = byteOffsets(text);
  const marks = answer.pieces
    .map(({ span, class: name }) => ({ from: offset(span[0]), to: offset(span[1]), name: `fg-q-${name}` }))
    .filter(({ from, to }) => to > from)
    .map(({ from, to, name }) => Decoration.mark({ class: name }).range(from, to));
  if (answer.error && text.length > 0) {
    // An error at the end has no letters of its own: the last one stands for it.
    const to = Math.max(offset(answer.error.span[1]), 1);
    const from = Math.min(offset(answer.error.span[0]), to - 1);
    marks.push(Decoration.mark({ class: "fg-q-wrong" }).range(from, to));
  }
  view.dispatch({ effects: setPieces.of(Decoration.set(marks, true)) });
}

async function propose(context: CompletionContext): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  const position = bytesBefore(text, context.pos);
  const abort = new AbortController();
  context.addEventListener("abort", () => abort.abort(), { onDocChange: true });
  const answer = await ask("/api/v1/complete", { query: text, position, n: 30 }, abort.signal).catch(() => null);
  if (!answer) return null;
  const offset = byteOffsets(text);
  const values = answer.values.map(({ value, count }): Completion => {
    const label = plain(value) || "*";
    return { label, detail: short(count), type: "lake", apply: `${quoted(label)} ` };
  });
  const names = answer.names.map((name): Completion => ({ label: name, type: "name", apply: `${quoted(name)} ` }));
  const items = answer.items.map(({ text: label, kind, detail }): Completion => ({
    label,
    detail: detail.length > 90 ? `${detail.slice(0, 88)}…` : detail,
    type: kind,
    apply: (view, _, from, to) => {
      const more = label.endsWith(":");
      view.dispatch({
        changes: { from, to, insert: more ? label : `${label} ` },
        selection: { anchor: from + label.length + (more ? 0 : 1) },
      });
      if (more) startCompletion(view);
    },
  }));
  const options = [...values, ...names, ...items];
  if (options.length === 0) return null;
  return { from: offset(answer.span[0]), to: offset(answer.span[1]), options, filter: false };
}

interface EditorOptions {
  text: string;
  hint: string;
  label: string;
  onChange: (text: string) => void;
  onRun: () => void;
  /** Returns an earlier (`-1`) or later (`1`) query of the history; none at its ends. */
  recall: (step: -1 | 1) => string | undefined;
}

/** Replaces the whole text, cursor at the end. */
export function setText(view: EditorView, text: string): void {
  if (view.state.doc.toString() === text) return;
  view.dispatch({
    changes: { from: 0, to: view.state.doc.length, insert: text },
    selection: { anchor: text.length },
  });
}

export function createEditor(parent: HTMLElement, options: EditorOptions): EditorView {
  const recall = (step: -1 | 1) => (view: EditorView) => {
    if (completionStatus(view.state) === "active") return false;
    const text = options.recall(step);
    if (text !== undefined) setText(view, text);
    return true;
  };
  const keys = keymap.of([
    {
      key: "Enter",
      run: (view) => {
        closeCompletion(view);
        options.onRun();
        return true;
      },
    },
    // A Tab that comes with the proposals is meant for them: it may be too quick to take one, but does not leave the box.
    { key: "Tab", run: (view) => acceptCompletion(view) || completionStatus(view.state) !== null },
    {
      key: "Escape",
      run: (view) => {
        view.contentDOM.blur();
        return true;
      },
    },
    { key: "ArrowUp", run: recall(-1) },
    { key: "ArrowDown", run: recall(1) },
  ]);
  const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce;
  const extensions: Extension[] = [
    history(),
    autocompletion({ override: [propose], activateOnTypingDelay: 80, icons: false, maxRenderedOptions: 60 }),
    Prec.high(keymap.of(completionKeymap)),
    keys,
    keymap.of([...historyKeymap, ...defaultKeymap]),
    EditorView.lineWrapping,
    placeholder(options.hint),
    pieces,
    EditorView.contentAttributes.of({
      "aria-label": options.label,
      autocapitalize: "off",
      autocorrect: "off",
      spellcheck: "false",
      enterkeyhint: "search",
    }),
    // One line: what is pasted over several becomes one.
    EditorState.transactionFilter.of((transaction) => {
      if (!transaction.docChanged || transaction.newDoc.lines === 1) return transaction;
      const text = transaction.newDoc.toString().replace(/\s*\n\s*/g, " ");
      return {
        changes: { from: 0, to: transaction.startState.doc.length, insert: text },
        selection: { anchor: text.length },
      };
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) options.onChange(update.state.doc.toString());
    }),
    ...(nonce ? [EditorView.cspNonce.of(nonce)] : []),
  ];
  return new EditorView({ parent, doc: options.text, extensions });
}
