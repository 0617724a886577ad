package io.cospec.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.cospec.client.model.Problem;

/** What the generated code lacks: clients with a key, and problems as objects. */
public final class Cospec {

  private Cospec() {}

  /** A client of the API that sends the key (csk_live_...) with each request. */
  public static ApiClient withKey(String apiKey) {
    ApiClient client = new ApiClient();
    client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + apiKey));
    return client;
  }

  /** The problem that a request was answered with, its code as it was sent. */
  public static Problem problemOf(ApiException exception) throws JsonProcessingException {
    return problemOf(exception, Problem.class);
  }

  /** The problem that a request was answered with, as one of the types that the operation lists. */
  public static <T> T problemOf(ApiException exception, Class<T> type) throws JsonProcessingException {
    return new ApiClient().getObjectMapper().readValue(exception.getResponseBody(), type);
  }
}
