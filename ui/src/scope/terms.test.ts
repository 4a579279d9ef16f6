import { describe, expect, it } from "vitest";

import { hasTerm, negated, quoted, term, withTerm, withoutTerm } from "./terms";

describe("terms", () => {
  it("are written so that they find exactly the value", () => {
    expect(term("target_port", 22, "port")).toBe("target_port:22");
    expect(term("initiator_ip", "2001:db8::1", "address")).toBe("initiator_ip:2001:db8::1");
    expect(term("state", "skip data")).toBe('state:==="skip data"');
    expect(term("instance_id", null)).toBe("-instance_id:*");
    expect(negated(term("instance_id", null))).toBe("instance_id:*");
    expect(quoted('say "hi"')).toBe('"say \\"hi\\""');
    expect(quoted("-x")).toBe('"-x"');
  });

  it("narrow a query once, and replace their contrary", () => {
    expect(withTerm("", "a:1")).toBe("a:1");
    expect(withTerm("*", "a:1")).toBe("a:1");
    expect(withTerm("a:1 b:2", "a:1")).toBe("a:1 b:2");
    expect(withTerm("-a:1 b:2", "a:1")).toBe("b:2 a:1");
    expect(withTerm("x OR y", "a:1")).toBe("x OR y a:1");
  });

  it("are found only at the top of a query", () => {
    expect(hasTerm('(a:1 b:2) c:"x y"', 'c:"x y"')).toBe(true);
    expect(hasTerm("(a:1 b:2)", "b:2)")).toBe(false);
    expect(withoutTerm('a:1  c:"x y"', "a:1")).toBe('c:"x y"');
  });
});
