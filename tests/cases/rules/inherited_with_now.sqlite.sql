SELECT json_object('notes', 
(SELECT json_group_array(json_object('id', t0."id"))
  FROM 
(SELECT t0."id"
  FROM "note" AS t0
  WHERE ((t0."created_at" > hedgerow_move('datetime', '-', ?1, ?2)) OR t0."public")
  ORDER BY t0."id"
  LIMIT +1000) AS t0))
