// gl_frames COUNT: COUNT frames of a clear and a triangle by OpenGL ES without a window system,
// each one finished before the next.
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES2/gl2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void Verdict(bool good, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("GVT-CHECK gl_frames %s ", good ? "ok" : "FAIL");
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
  exit(good ? 0 : 1);
}

static void OpenContext(void) {
  EGLDisplay display =
      eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL);
  if (!eglInitialize(display, NULL, NULL)) Verdict(false, "eglInitialize %#x", eglGetError());
  eglBindAPI(EGL_OPENGL_ES_API);
  const EGLint wanted[] = {EGL_RENDERABLE_TYPE, EGL_OPENGL_ES2_BIT, EGL_SURFACE_TYPE,
                           EGL_PBUFFER_BIT, EGL_NONE};
  const EGLint version[] = {EGL_CONTEXT_CLIENT_VERSION, 2, EGL_NONE};
  EGLConfig config;
  EGLint count = 0;
  if (!eglChooseConfig(display, wanted, &config, 1, &count) || count == 0)
    Verdict(false, "no configuration");
  EGLContext context = eglCreateContext(display, config, EGL_NO_CONTEXT, version);
  if (!eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context))
    Verdict(false, "no context %#x", eglGetError());
}

static void BindTarget(void) {
  GLuint texture;
  GLuint frame;
  glGenTextures(1, &texture);
  glBindTexture(GL_TEXTURE_2D, texture);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, 256, 256, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
  glGenFramebuffers(1, &frame);
  glBindFramebuffer(GL_FRAMEBUFFER, frame);
  glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
  if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE)
    Verdict(false, "no framebuffer");
  glViewport(0, 0, 256, 256);
}

static GLuint Shader(GLenum kind, const char* text) {
  const GLuint shader = glCreateShader(kind);
  GLint good = 0;
  glShaderSource(shader, 1, &text, NULL);
  glCompileShader(shader);
  glGetShaderiv(shader, GL_COMPILE_STATUS, &good);
  if (!good) Verdict(false, "a shader does not compile");
  return shader;
}

static void UseTriangle(void) {
  static const GLfloat kCorners[] = {-1, -1, 1, -1, 0, 1};
  const GLuint program = glCreateProgram();
  glAttachShader(
      program,
      Shader(GL_VERTEX_SHADER, "attribute vec2 at; void main() { gl_Position = vec4(at, 0, 1); }"));
  glAttachShader(program,
                 Shader(GL_FRAGMENT_SHADER, "void main() { gl_FragColor = vec4(1, 0, 0, 1); }"));
  glBindAttribLocation(program, 0, "at");
  glLinkProgram(program);
  glUseProgram(program);
  glVertexAttribPointer(0, 2, GL_FLOAT, GL_FALSE, 0, kCorners);
  glEnableVertexAttribArray(0);
}

static double NowMs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char** argv) {
  const int frames = argc > 1 ? atoi(argv[1]) : 100;
  setvbuf(stdout, NULL, _IOLBF, 0);
  OpenContext();
  const char* renderer = (const char*)glGetString(GL_RENDERER);
  if (renderer == NULL || strstr(renderer, "Intel") == NULL)
    Verdict(false, "renderer %s", renderer);
  BindTarget();
  UseTriangle();
  const double begin = NowMs();
  for (int frame = 0; frame < frames; ++frame) {
    glClearColor((float)frame / (float)frames, 0, 0, 1);
    glClear(GL_COLOR_BUFFER_BIT);
    glDrawArrays(GL_TRIANGLES, 0, 3);
    glFinish();
    const GLenum error = glGetError();
    if (error != GL_NO_ERROR) Verdict(false, "frame %d: error %#x", frame, error);
  }
  Verdict(true, "%d frames, %.1f ms each: %s, %s", frames, (NowMs() - begin) / frames, renderer,
          glGetString(GL_VERSION));
}
