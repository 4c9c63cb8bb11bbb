// Checks that JSON has the fields that clients read, and says which one is wrong.

import assert from "node:assert/strict";

/** 64-bit numbers are strings. */
export const int = { name: "a whole number as a string", test: (value) => /^-?\d+$/.test(value) && typeof value === "string" };
export const num = { name: "a JSON number", test: (value) => typeof value === "number" };
export const bool = { name: "a boolean", test: (value) => typeof value === "boolean" };
export const text = { name: "a string", test: (value) => typeof value === "string" };
export const filled = { name: "a string with something in it", test: (value) => typeof value === "string" && value !== "" };
export const hex = { name: "upper-case hex", test: (value) => /^[0-9A-F]*$/.test(value) };
export const hash64 = { name: "64 digits of upper-case hex", test: (value) => /^[0-9A-F]{64}$/.test(value) };
export const base64 = {
  name: "base64",
  test: (value) => typeof value === "string" && Buffer.from(value, "base64").toString("base64") === value,
};
export const time = { name: "an RFC 3339 time", test: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value) };
export const duration = { name: "seconds such as 60s", test: (value) => /^\d+(\.\d+)?s$/.test(value) };
export const decimal = { name: "a decimal with 18 digits", test: (value) => /^\d+\.\d{18}$/.test(value) };
export const nothing = { name: "null", test: (value) => value === null };
export const any = { name: "present", test: (value) => value !== undefined };
export const coinShape = { denom: filled, amount: int };
export const page = { next_key: { name: "null or base64", test: (value) => value === null || base64.test(value) }, total: int };

/** Every element has this shape, and there is at least `least` of them. */
export const list = (shape, least = 1) => ({ list: shape, least });

/** Fails unless `value` has `shape`; fields that the shape does not name are not looked at. */
export function has(value, shape, path = "answer") {
  if (typeof shape.test === "function") {
    assert.ok(shape.test(value), `${path} must be ${shape.name}, got ${JSON.stringify(value)}`);
  } else if (shape.list) {
    assert.ok(Array.isArray(value), `${path} must be a list, got ${JSON.stringify(value)}`);
    assert.ok(value.length >= shape.least, `${path} must have ${shape.least} elements, got ${value.length}`);
    for (const [index, element] of value.entries()) has(element, shape.list, `${path}[${index}]`);
  } else {
    assert.ok(value !== null && typeof value === "object", `${path} must be an object, got ${JSON.stringify(value)}`);
    for (const [key, inner] of Object.entries(shape)) has(value[key], inner, `${path}.${key}`);
  }
}

/** The same for the answer as a whole: exactly these fields, as strict parsers want. */
export function hasExactly(value, shape) {
  has(value, shape);
  assert.deepEqual(Object.keys(value).toSorted(), Object.keys(shape).toSorted());
}
