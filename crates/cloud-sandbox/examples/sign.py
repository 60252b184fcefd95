"""Lists the keys of Samsung Cloud Platform with nothing but the standard library: a signed call in ten lines."""
import base64, hashlib, hmac, os, time, urllib.request

url = os.environ["SCP_ENDPOINT"] + "/v1/kms/transit?page=0&size=20"
key, secret = os.environ["SCP_ACCESS_KEY"], os.environ["SCP_SECRET_KEY"]
now = str(int(time.time() * 1000))
text = "GET" + url + now + key + "Openapi"
signature = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
headers = {"Scp-Accesskey": key, "Scp-Signature": signature, "Scp-Timestamp": now, "Scp-ClientType": "Openapi"}
request = urllib.request.Request(url, headers={**headers, "Scp-Api-Version": "kms 1.2"})
print(urllib.request.urlopen(request).read().decode())
