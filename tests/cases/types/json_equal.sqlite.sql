SELECT json_object('things', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "thing" AS t0
  WHERE (hedgerow_json(t0."a_json") = hedgerow_json(?1))
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
