import createClient, { type Client, type ClientOptions } from "openapi-fetch";

import type { components, paths } from "./schema.js";

export type { components, operations, paths } from "./schema.js";

/** The shapes of the contract by name: `Schemas["Run"]`. */
export type Schemas = components["schemas"];

export interface CospecOptions extends ClientOptions {
  /** A key of the organization: `csk_live_...`. */
  apiKey: string;
}

/** A client that sends the key with each request; all other options are openapi-fetch's. */
export function createCospecClient(options: CospecOptions): Client<paths> {
  const { apiKey, baseUrl = "https://api.cospec.io", headers, ...others } = options;
  return createClient<paths>({
    ...others,
    baseUrl,
    headers: { ...(headers as Record<string, string> | undefined), Authorization: `Bearer ${apiKey}` },
  });
}
