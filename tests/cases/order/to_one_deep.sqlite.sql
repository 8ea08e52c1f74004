SELECT json_object('notes', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  ORDER BY 
(SELECT 
(SELECT t2."name"
  FROM "team" AS t2
  WHERE t2."id" = t1."parent_id"
  LIMIT 1)
  FROM "team" AS t1
  WHERE t1."id" = t0."team_id"
  LIMIT 1) NULLS FIRST, t0."id"
  LIMIT +1000) AS t0))
