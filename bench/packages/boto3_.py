"""boto3: a client and a signed address."""

import boto3

client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
url = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
print(url.partition("?")[0], len(client.meta.service_model.operation_names) > 50)
