INSERT INTO "customer" ("name", "email") VALUES (?1, ?2)
  RETURNING json_object('0', "id")
