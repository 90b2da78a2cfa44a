require 'base64'
require 'json'
require 'openssl'

def support_token(id, name, email)
  encode = ->(bytes) { Base64.urlsafe_encode64(bytes, padding: false) }
  now = Time.now.to_i
  claims = { id: id, username: name, email: email, role: 'CUSTOMER', iat: now, exp: now + 900 }
  signed = "#{encode['{"alg":"HS256","typ":"JWT"}']}.#{encode[claims.to_json]}"
  "#{signed}.#{encode[OpenSSL::HMAC.digest('SHA256', ENV.fetch('JWT_SECRET_KEY'), signed)]}"
end

# In your application: whoever is signed in.
puts JSON.generate(token: support_token(*ARGV))
