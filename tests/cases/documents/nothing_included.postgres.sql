SELECT ('{}')::varchar
