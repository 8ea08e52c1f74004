SELECT json_object('notes', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  ORDER BY 
(SELECT 
(SELECT count(*)
  FROM "note" AS t2
  WHERE t2."team_id" = t1."id")
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id"
  LIMIT 1) NULLS LAST, t0."id" DESC
  LIMIT +1000) AS t0))
