using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

static string SupportToken(string id, string name, string email)
{
    static string Encode(byte[] bytes) =>
        Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    var claims = new JsonObject
    {
        ["id"] = id, ["username"] = name, ["email"] = email,
        ["role"] = "CUSTOMER", ["iat"] = now, ["exp"] = now + 900,
    };
    var header = Encode(Encoding.UTF8.GetBytes("""{"alg":"HS256","typ":"JWT"}"""));
    var signed = $"{header}.{Encode(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
    var secret = Encoding.UTF8.GetBytes(Environment.GetEnvironmentVariable("JWT_SECRET_KEY")!);
    return $"{signed}.{Encode(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(signed)))}";
}

// In your application: whoever is signed in.
Console.WriteLine(new JsonObject { ["token"] = SupportToken(args[0], args[1], args[2]) }.ToJsonString());
