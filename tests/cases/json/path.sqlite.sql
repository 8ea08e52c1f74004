SELECT json_object('things', 
(SELECT json_group_array(json_object('id', t0."id", 'whole', json(t0."a_json"), 'a', json(hedgerow_json_at(t0."a_json", ?1)), 'first', json(hedgerow_json_at(t0."a_json", ?2)), 'root', json(hedgerow_json_at(t0."a_json", ?3)), 'key', json(hedgerow_json_at(t0."a_json", ?4)), 'quoted', json(hedgerow_json_at(t0."a_json", ?5)), 'none', json(hedgerow_json_at(t0."a_json", ?6)), 'deeper', json(hedgerow_json_at(t0."a_json", ?7)), 'nothing', json(hedgerow_json_at(t0."a_json", ?8))))
  FROM 
(SELECT t0."id", t0."a_json"
  FROM "thing" AS t0
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
