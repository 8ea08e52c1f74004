SELECT ('{"note_connection":' || '{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"n0":' || '{"node_id":' || '"' || translate(encode(convert_to('["Note",' || t0."id"::text || ']', 'UTF8'), 'base64'), E'\n', '') || '"' || ',"id":' || t0."id"::text || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  ORDER BY t0."id" DESC
  LIMIT $1::int4 + 1) AS t0) || '}' || ',"team":' || 
(SELECT '[' || coalesce(string_agg('{"notes_connection":' || '{"rows":' || 
(SELECT '[' || coalesce(string_agg('{"n0":' || '{"id":' || t2."id"::text || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t2."id"
  FROM "note" AS t2
  WHERE t2."team_id" = t1."id"
  ORDER BY t2."id" DESC
  LIMIT $1::int4 + 1) AS t2) || '}' || '}', ','), '') || ']'
  FROM 
(SELECT t1."id"
  FROM "team" AS t1
  ORDER BY t1."id"
  LIMIT 1000) AS t1) || '}')::varchar
