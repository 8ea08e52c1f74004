SELECT json_object('thing', 
(SELECT json_group_array(json_object('id', t0."id", 'a_uuid', substr(t0."a_uuid", 1, 8) || '-' || substr(t0."a_uuid", 9, 4) || '-' || substr(t0."a_uuid", 13, 4) || '-' || substr(t0."a_uuid", 17, 4) || '-' || substr(t0."a_uuid", 21, 12)))
  FROM 
(SELECT t0."id", t0."a_uuid"
  FROM "thing" AS t0
  WHERE (t0."a_datetime" = ?1) AND (t0."a_price" = ?2) AND (NOT (t0."an_int" IS NULL))
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
