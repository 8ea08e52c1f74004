SELECT json_object('__typename', 'Query')
