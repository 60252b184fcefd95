import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import com.fasterxml.jackson.databind.ObjectMapper;

import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.crypto.KeyAccessDeniedException;
import org.apache.parquet.crypto.ParquetCryptoRuntimeException;
import org.apache.parquet.crypto.keytools.KmsClient;

/**
 * A KMS client of parquet-java, and so of Spark, for keys of Samsung Cloud Platform's Key Management Service.
 *
 * The master key identifier is the ID of the key; a wrapped key is the service's ciphertext, unchanged. Each driver and
 * executor reads SCP_ACCESS_KEY, SCP_SECRET_KEY and SCP_KMS_ENDPOINT from its environment.
 */
public class ScpKmsClient implements KmsClient {
    private static final String CLIENT_TYPE = "Openapi";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

    @Override
    public void initialize(Configuration configuration, String instanceId, String instanceUrl, String accessToken) {
        // Not the URL: a file can name any.
    }

    @Override
    public String wrapKey(byte[] keyBytes, String masterKeyIdentifier) {
        String plaintext = Base64.getEncoder().encodeToString(keyBytes);
        return call("encrypt", masterKeyIdentifier, Map.of("plaintext", plaintext), "ciphertext");
    }

    @Override
    public byte[] unwrapKey(String wrappedKey, String masterKeyIdentifier) {
        String plaintext = call("decrypt", masterKeyIdentifier, Map.of("ciphertext", wrappedKey), "plaintext");
        return Base64.getDecoder().decode(plaintext);
    }

    private String call(String operation, String keyId, Map<String, String> body, String member) {
        // A file names the key, so it must not be able to change the path.
        if (!keyId.matches("[0-9a-zA-Z-]+")) {
            throw new KeyAccessDeniedException("the master key identifier is not the ID of a key");
        }
        String url = variable("SCP_KMS_ENDPOINT").replaceAll("/+$", "") + "/v1/kms/openapi/" + operation + "/" + keyId;
        String timestamp = Long.toString(System.currentTimeMillis());
        String key = variable("SCP_ACCESS_KEY");
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(variable("SCP_SECRET_KEY").getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            byte[] signed = ("POST" + url + timestamp + key + CLIENT_TYPE).getBytes(StandardCharsets.UTF_8);
            HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .timeout(Duration.ofSeconds(30))
                .header("Scp-AccessKey", key)
                .header("Scp-Signature", Base64.getEncoder().encodeToString(mac.doFinal(signed)))
                .header("Scp-Timestamp", timestamp)
                .header("Scp-ClientType", CLIENT_TYPE)
                .header("Scp-API-Version", "kms 1.4")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body)))
                .build();
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() == 401 || response.statusCode() == 403) {
                throw new KeyAccessDeniedException(operation + ": status " + response.statusCode());
            }
            if (response.statusCode() != 200) {
                throw new ParquetCryptoRuntimeException(operation + ": status " + response.statusCode());
            }
            return JSON.readTree(response.body()).required(member).asText();
        } catch (IOException | GeneralSecurityException error) {
            throw new ParquetCryptoRuntimeException(operation + " failed", error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new ParquetCryptoRuntimeException(operation + " was interrupted", error);
        }
    }

    private static String variable(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new ParquetCryptoRuntimeException("the variable " + name + " is not set");
        }
        return value;
    }
}
