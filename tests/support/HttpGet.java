import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Prints the status of a GET by Java's default client, which offers h2c with every request. */
public class HttpGet {
  public static void main(String[] args) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(args[0])).build();
    var answer = HttpClient.newHttpClient().send(request, BodyHandlers.discarding());
    System.out.println(answer.statusCode());
  }
}
