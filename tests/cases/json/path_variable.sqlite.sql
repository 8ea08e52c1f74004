SELECT json_object('things', 
(SELECT json_group_array(json_object('at', json(hedgerow_json_at(t0."a_json", ?1)), 'whole', json(t0."a_json"), 'too', json(t0."a_json"), 'other', json(hedgerow_json_at(t0."a_json", ?2))))
  FROM 
(SELECT t0."a_json"
  FROM "thing" AS t0
  WHERE (t0."id" = ?3)
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
