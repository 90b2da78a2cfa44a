import base64, hashlib, hmac, json, os, sys, time


def support_token(id, name, email):
    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    now = int(time.time())
    claims = {"id": id, "username": name, "email": email,
              "role": "CUSTOMER", "iat": now, "exp": now + 900}
    signed = encode(b'{"alg":"HS256","typ":"JWT"}') + b"." + encode(json.dumps(claims).encode())
    secret = os.environ["JWT_SECRET_KEY"].encode()
    signature = hmac.new(secret, signed, hashlib.sha256).digest()
    return (signed + b"." + encode(signature)).decode()


# In your application: whoever is signed in.
print(json.dumps({"token": support_token(*sys.argv[1:4])}))
