import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class SupportToken {
  static String encode(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  static String quote(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  static String supportToken(String id, String name, String email) throws Exception {
    long now = System.currentTimeMillis() / 1000;
    String claims = """
        {"id":%s,"username":%s,"email":%s,"role":"CUSTOMER","iat":%d,"exp":%d}"""
        .formatted(quote(id), quote(name), quote(email), now, now + 900);
    String header = encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}".getBytes(UTF_8));
    String signed = header + "." + encode(claims.getBytes(UTF_8));
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(System.getenv("JWT_SECRET_KEY").getBytes(UTF_8), "HmacSHA256"));
    return signed + "." + encode(mac.doFinal(signed.getBytes(UTF_8)));
  }

  public static void main(String[] args) throws Exception {
    // In your application: whoever is signed in.
    System.out.println("{\"token\":\"" + supportToken(args[0], args[1], args[2]) + "\"}");
  }
}
