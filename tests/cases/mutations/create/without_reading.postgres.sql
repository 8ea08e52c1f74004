INSERT INTO "customer" ("name", "email") VALUES ($1::text, $2::text)
  RETURNING '{"0":' || "id"::text || '}'
