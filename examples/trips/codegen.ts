import type { CodegenConfig } from "@graphql-codegen/cli";
import { addTypenameSelectionDocumentTransform } from "@graphql-codegen/client-preset";

/** What each scalar is in JSON: as it comes in answers (output), and as variables may give it (input). */
const scalars = {
  ID: { input: "string", output: "string" },
  UUID: { input: "string", output: "string" },
  BigInt: { input: "number | string", output: "number | string" },
  Decimal: { input: "string | number", output: "string" },
  DateTime: { input: "string", output: "string" },
  NaiveDateTime: { input: "string", output: "string" },
  Date: { input: "string", output: "string" },
  Time: { input: "string", output: "string" },
  Duration: { input: "string", output: "string" },
  JSON: { input: "unknown", output: "unknown" },
  Bytes: { input: "string", output: "string" },
  Upload: { input: "{ upload: string } | Blob", output: "never" },
};

const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: ["src/**/*.ts", "!src/generated/**"],
  emitLegacyCommonJSImports: false,
  generates: {
    "src/generated/": {
      preset: "client",
      documentTransforms: [addTypenameSelectionDocumentTransform], // caches of clients want them
      presetConfig: { persistedDocuments: { hashAlgorithm: "sha256" } },
      config: { scalars, strictScalars: true, enumsAsTypes: true, useTypeImports: true },
    },
  },
};

export default config;
