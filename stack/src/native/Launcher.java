import org.codelibs.opensearch.runner.OpenSearchRunner;

/** Runs one OpenSearch node on any port; the runner's own main refuses ports above 9299. */
public final class Launcher {
    public static void main(String[] arguments) throws Exception {
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.setMaxHttpPort(-1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                runner.close();
            } catch (Exception error) {
                error.printStackTrace();
            }
        }));
        try {
            runner.build(arguments);
        } catch (Throwable error) {
            error.printStackTrace();
            System.exit(1);
        }
        while (!runner.isClosed()) {
            Thread.sleep(1000);
        }
    }
}
