namespace Nvg.Torch;

/// <summary>
/// Transforms uniform numbers to normal ones in blocks of sixteen, using the logarithm, sine and cosine of the Cephes library in float32,
/// as PyTorch computes them on processors with AVX2. Multiplication and addition are fused wherever PyTorch's compiler fuses them, so that
/// results are bit-identical on every system.
/// </summary>
internal static class BoxMuller
{
    private const int Half = 8;

    // Polynomial of log(1 + x) / x³ and log 2 in two parts (Cephes, logf).
    private static readonly float[] LogTerms =
    [
        7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f, 2.0000714765e-1f,
        -2.4999993993e-1f, 3.3333331174e-1f,
    ];

    private const float SquareRootHalf = 0.707106781186547524f;
    private const float LogTwoLow = -2.12194440e-4f;
    private const float LogTwoHigh = 0.693359375f;

    // π / 4 in three parts, and the polynomials of sine and cosine up to there (Cephes, sinf).
    private const float FourOverPi = 1.27323954473516f;
    private const float PartOne = -0.78515625f;
    private const float PartTwo = -2.4187564849853515625e-4f;
    private const float PartThree = -3.77489497744594108e-8f;

    /// <summary>Transforms sixteen uniform numbers in [0, 1) into normal ones: the first eight give radii, the last eight angles.</summary>
    internal static void Transform(Span<float> values)
    {
        for (int i = 0; i < Half; i++)
        {
            float radius = MathF.Sqrt(-2f * Log(1f - values[i]));
            (float sine, float cosine) = SineCosine((float)(2.0 * Math.PI) * values[i + Half]);
            values[i] = radius * cosine;
            values[i + Half] = radius * sine;
        }
    }

    // For a number in (0, 1].
    private static float Log(float x)
    {
        uint bits = BitConverter.SingleToUInt32Bits(x);
        float exponent = (int)(bits >> 23) - 126;
        float mantissa = BitConverter.UInt32BitsToSingle((bits & 0x007FFFFF) | 0x3F000000);
        if (mantissa < SquareRootHalf)
        {
            exponent -= 1;
            mantissa = mantissa - 1 + mantissa;
        }
        else
        {
            mantissa -= 1;
        }

        float square = mantissa * mantissa, sum = LogTerms[0];
        for (int i = 1; i < LogTerms.Length; i++)
            sum = MathF.FusedMultiplyAdd(sum, mantissa, LogTerms[i]);
        sum *= mantissa;
        sum = MathF.FusedMultiplyAdd(sum, square, exponent * LogTwoLow);
        sum = MathF.FusedMultiplyAdd(-square, 0.5f, sum);
        return MathF.FusedMultiplyAdd(exponent, LogTwoHigh, mantissa + sum);
    }

    // For an angle in [0, 2π).
    private static (float Sine, float Cosine) SineCosine(float angle)
    {
        int octant = ((int)(angle * FourOverPi) + 1) & ~1;
        float y = octant, x = MathF.FusedMultiplyAdd(y, PartOne, angle);
        x = MathF.FusedMultiplyAdd(y, PartTwo, x);
        x = MathF.FusedMultiplyAdd(y, PartThree, x);
        float square = x * x;

        float even = MathF.FusedMultiplyAdd(2.443315711809948e-5f, square, -1.388731625493765e-3f);
        even = MathF.FusedMultiplyAdd(even, square, 4.166664568298827e-2f);
        even = MathF.FusedMultiplyAdd(even * square, square, -square * 0.5f) + 1;
        float odd = MathF.FusedMultiplyAdd(-1.9515295891e-4f, square, 8.3321608736e-3f);
        odd = MathF.FusedMultiplyAdd(odd, square, -1.6666654611e-1f);
        odd = MathF.FusedMultiplyAdd(odd * square, x, x);

        bool swapped = (octant & 2) != 0;
        float sine = swapped ? even : odd, cosine = swapped ? odd : even;
        return ((octant & 4) != 0 ? -sine : sine, ((octant - 2) & 4) == 0 ? -cosine : cosine);
    }
}
