// An urql client that names its documents by the hashes that codegen gave them, instead of sending them.
import { Client, cacheExchange, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import type { DocumentNode } from "graphql";

/** Codegen leaves the hash of a document, which is its id in persisted-documents.json, beside it. */
type Known = DocumentNode & { __meta__?: { hash: string } };

export const connect = (url: string, token: string): Client =>
  new Client({
    url,
    preferGetMethod: false,
    fetchSubscriptions: true, // server-sent events
    fetchOptions: { headers: { authorization: `Bearer ${token}` } },
    exchanges: [
      cacheExchange,
      persistedExchange({
        enforcePersistedQueries: true,
        enableForMutation: true,
        enableForSubscriptions: true,
        generateHash: async (_, document) => (document as Known).__meta__?.hash ?? "",
      }),
      fetchExchange,
    ],
  });
